/**
 * `import 'lockdep/eager'`: the validator is part of what imports this, and need not be found when the mode asks for it. For
 * bundles: they hold what is imported, and nothing else. Comes before the other imports of the package. Has no exports. In a bundle for a browser it is
 * empty, since the validator does not run there.
 */
import { supplyValidator } from './api/process-host.js';
import { makeControl } from './engine.js';

supplyValidator(makeControl);
