/** The table of the chart's README: every value with its default and what values.yaml says of it. */
import { isMap, type Pair, parseDocument, type Scalar } from 'yaml'

/** Shown as a whole: what is in them is Kubernetes' or a tier's own. */
const WHOLE = /^(tiers\..+|.*\.(resources|podDisruptionBudget|labels)|networkPolicy\.metricsFrom)$/

interface Row {
  path: string
  value: string
  about: string
}

const START = '<!-- values: written by `npm run generate` from values.yaml -->'
const END = '<!-- end of values -->'

/** The README with the table of these values in it. */
export function withValuesTable(readme: string, values: string): string {
  const [before, rest] = readme.split(START) as [string, string]
  const [, after] = rest.split(END)
  return `${before}${START}\n\n${tableOf(values)}\n\n${END}${after}`
}

function tableOf(values: string): string {
  const document = parseDocument(values)
  const rows = isMap(document.contents) ? document.contents.items.flatMap((pair) => rowsOf(pair as Pair, '')) : []
  const lines = rows.map(({ path, value, about }) => `| \`${path}\` | ${value} | ${about} |`)
  return ['| Value | Default | |', '|---|---|---|', ...lines].join('\n')
}

function rowsOf({ key, value }: Pair, parent: string): Row[] {
  const name = key as Scalar<string>
  const path = `${parent}${name.value}`
  // A comment before the first entry of a map belongs to the map in the file's text, and to the entry for the reader.
  const about = sentence(name.commentBefore)
  if (!isMap(value) || value.items.length === 0 || WHOLE.test(path)) {
    const text = JSON.stringify((value as { toJSON(): unknown }).toJSON())
    return [{ path, value: isMap(value) && text.length > 60 ? 'see values.yaml' : `\`${text}\``, about }]
  }
  const first = value.items[0] as Pair
  const comment = sentence(value.commentBefore)
  const own = about ? [{ path, value: '', about }] : []
  const rest = value.items.flatMap((pair) => rowsOf(pair as Pair, `${path}.`))
  if (comment && rest[0] && !(first.key as Scalar).commentBefore) rest[0] = { ...rest[0], about: comment }
  return [...own, ...rest]
}

/** Of a comment, on one line; the paragraph next to the value, where there are several. */
const sentence = (comment: string | null | undefined): string =>
  (comment ?? '').split('\n\n').at(-1)!.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim()
