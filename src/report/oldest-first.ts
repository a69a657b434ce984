/**
 * The same rows by age; those of one moment stay in their order. Linear: the tracker's clock ticks ten times in a second, so there are
 * few moments and many rows.
 */
export function oldestFirst<R extends { readonly since: number }>(rows: readonly R[]): readonly R[] {
  if (isInOrder(rows)) return rows;
  const moments = new Map<number, R[]>();
  let latest: R[] = [];
  let at: number | undefined;
  for (const row of rows) {
    if (row.since !== at) {
      at = row.since;
      latest = moments.get(at) ?? [];
      if (latest.length === 0) moments.set(at, latest);
    }
    latest.push(row);
  }
  const order = [...moments.keys()].sort((one, other) => one - other);
  return order.flatMap((moment) => moments.get(moment) as R[]);
}

/** By index: a step of an iterator makes an object until V8 has compiled this. */
function isInOrder(rows: readonly { readonly since: number }[]): boolean {
  for (let i = 1; i < rows.length; i++) {
    if ((rows[i] as { readonly since: number }).since < (rows[i - 1] as { readonly since: number }).since) return false;
  }
  return true;
}
