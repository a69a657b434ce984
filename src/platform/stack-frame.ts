/** One frame of a captured stack, in generated (unmapped) positions. `report/source-map.ts` maps them when a report is written. */
export interface StackFrame {
  /** Function name as V8 prints it, '' for anonymous. */
  readonly functionName: string;
  /** Absolute path, `file:` URL, `node:` specifier, or an eval origin; '' when unknown. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** True when the frame was awaiting (`at async f`), false when it was on the synchronous stack. */
  readonly isAsync: boolean;
}
