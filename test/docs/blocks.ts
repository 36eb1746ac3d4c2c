/** The examples of a guide: its fenced blocks, in their order. Pure. */

export interface Block {
  /** Of the fence: sh, ts, json, … */
  language: string
  text: string
  /** Of the fence's first line, from 1. */
  line: number
  /** Why it is not run: `<!-- not run: … -->` in the line above. */
  notRun?: string
}

const FENCE = /^```(\w*)\s*$/
const NOT_RUN = /^<!-- not run: (.+) -->$/

/** Throws when a block has no end. */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; at++) {
    const language = FENCE.exec(lines[at]!)?.[1]
    if (language === undefined) continue
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`the block of line ${at + 1} has no end`)
    const notRun = NOT_RUN.exec(lines[at - 1] ?? '')?.[1]
    blocks.push({ language, text: lines.slice(at + 1, end).join('\n'), line: at + 1, ...(notRun && { notRun }) })
    at = end
  }
  return blocks
}

/** What is in a JSON value: names and types, of a list those of its first entry. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shapeOf(part)]))
}
