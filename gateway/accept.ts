/** Chooses what to answer from the header Accept (RFC 9110, 12.5.1). */

interface Range {
  type: string
  quality: number
}

function rangesOf(header: string): Range[] {
  return header
    .split(',')
    .map((part) => {
      const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return { type, quality: quality === undefined ? 1 : Number(quality) || 0 }
    })
    .filter(({ type }) => type.includes('/'))
}

const matches = (range: string, type: string): boolean =>
  range === '*/*' || range === type || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)))

/** The best of `offered`; with equal wishes the first one. Without a header the first one; undefined: none fits. */
export function chooseType<T extends string>(header: string | undefined, offered: readonly T[]): T | undefined {
  const ranges = rangesOf(header ?? '')
  if (ranges.length === 0) return offered[0]
  /** The most exact range that matches says how welcome a type is. */
  const qualityOf = (type: string): number => {
    const fitting = ranges.filter((range) => matches(range.type, type))
    const exactness = ({ type: range }: Range) => (range === '*/*' ? 0 : range.endsWith('/*') ? 1 : 2)
    return fitting.sort((a, b) => exactness(b) - exactness(a))[0]?.quality ?? 0
  }
  const ranked = offered.map((type) => ({ type, quality: qualityOf(type) })).sort((a, b) => b.quality - a.quality)
  return ranked[0] && ranked[0].quality > 0 ? ranked[0].type : undefined
}
