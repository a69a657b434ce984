/**
 * Imported first, for its effect, by every test here that chooses the validator's mode itself: the variable would win over
 * `lockdep.configure()`. Also silences the default printing of process warnings, of which misuse programs cause thousands.
 */
delete process.env['LOCKDEP'];
process.removeAllListeners('warning');
