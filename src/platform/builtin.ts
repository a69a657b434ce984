/**
 * Node's own modules, found at run time: the locks run where there are none too (browsers). What loads the validator alone
 * imports them as usual.
 */
interface Host {
  readonly process: { readonly getBuiltinModule: (name: string) => unknown };
}

/** undefined where the runtime does not have it. */
export function builtin<M>(name: string): M | undefined {
  try {
    return (globalThis as unknown as Host).process.getBuiltinModule(`node:${name}`) as M | undefined;
  } catch {
    // There is no process, or a stand-in for it that can not be asked.
    return undefined;
  }
}
