/**
 * A function on the stack below which the program's own frames begin: the public function that was called, as a rule. What
 * captures a stack leaves out that function and all that it has called.
 */
export type Below = (...args: never[]) => unknown;
