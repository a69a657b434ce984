/** What the environment says under a name. There may be no process, and one that keeps its environment to itself: Deno without a permission. */
export function fromEnvironment(name: string): string | undefined {
  try {
    return (globalThis as unknown as { process: NodeJS.Process }).process.env[name];
  } catch {
    return undefined;
  }
}
