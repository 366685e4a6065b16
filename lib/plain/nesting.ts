const isNested = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)

/**
 * Whether objects and lists stand in each other by more than so many levels. Level by level, each object once at each,
 * so that neither depth nor a part that is shared a thousand times costs more than its size.
 */
export const isDeeper = (value: unknown, levels: number): boolean => {
  let level = new Set<object>(isNested(value) ? [value] : [])
  for (let depth = 0; level.size > 0; depth++) {
    if (depth >= levels) return true
    const below = new Set<object>()
    for (const outer of level) for (const inner of Object.values(outer)) if (isNested(inner)) below.add(inner)
    level = below
  }
  return false
}
