/** The order graph's naive twin: a list of edges, and all distances worked out anew each time they are asked for. */
export class NaiveGraph {
  edges: (readonly [from: number, to: number])[] = [];

  has(from: number, to: number): boolean {
    return this.edges.some((edge) => edge[0] === from && edge[1] === to);
  }

  remove(vertex: number): void {
    this.edges = this.edges.filter(([from, to]) => from !== vertex && to !== vertex);
  }

  /** Fewest edges from each vertex to each (Floyd and Warshall); 0 to itself, Infinity where no path is. */
  distances(vertices: readonly number[]): Map<number, Map<number, number>> {
    const distances = new Map(vertices.map((v) => [v, new Map(vertices.map((w) => [w, v === w ? 0 : Infinity]))]));
    const get = (v: number, w: number): number => distances.get(v)?.get(w) ?? Infinity;
    for (const [from, to] of this.edges) distances.get(from)?.set(to, Math.min(get(from, to), 1));
    for (const via of vertices) {
      for (const v of vertices) {
        for (const w of vertices) distances.get(v)?.set(w, Math.min(get(v, w), get(v, via) + get(via, w)));
      }
    }
    return distances;
  }

  toString(): string {
    return this.edges.map((edge) => edge.join('->')).join(' ');
  }
}
