/**
 * The same rows by age; those of one moment stay in their order. Linear: the tracker's clock ticks ten times in a second, so there are
 * few moments and many rows.
 */
export function oldestFirst<R extends { readonly since: number }>(rows: readonly R[]): readonly R[] {
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
  if (moments.size <= 1) return rows;
  const order = [...moments.keys()].sort((one, other) => one - other);
  return order.flatMap((moment) => moments.get(moment) as R[]);
}
