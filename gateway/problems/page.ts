/** The page of a problem: what it means, how it comes and what to do, for people. Pure. */
import { catalogue, type ProblemCode } from './catalogue.ts'
import { exampleProblem } from './problem.ts'

const STYLE = `
body { font: 16px/1.6 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }
h1 { font-size: 1.6rem; line-height: 1.25 } h2 { font-size: 1rem; margin: 2rem 0 0 } p { margin: .25rem 0 }
code, pre { font: 14px/1.5 ui-monospace, monospace } pre { overflow-x: auto; padding: 1rem; border: 1px solid #8884; border-radius: 6px }
td { padding: .2rem 1rem .2rem 0; vertical-align: top }`

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => ENTITIES[sign]!)

/** A page of ours; nothing in it comes from a caller. */
export const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} · Berth</title><style>${STYLE}</style>
${body}</html>
`

/** @param operations the calls that can be answered so, as `POST /v1/sessions/{name}/messages` */
export function problemPage(code: ProblemCode, operations: string[]): string {
  const { status, title, cause, remedy } = catalogue[code]
  const calls = operations.map((operation) => `<li><code>${escaped(operation)}</code>`).join('')
  return page(
    title,
    `<p><a href="/problems">All problems</a></p>
<h1>${escaped(title)}</h1><p><code>${code}</code> · HTTP ${status}</p>
<h2>How it comes</h2><p>${escaped(cause)}</p>
<h2>What to do</h2><p>${escaped(remedy)}</p>
<h2>What it looks like</h2><pre>${escaped(JSON.stringify(exampleProblem(code), null, 2))}</pre>
${calls && `<h2>Where it can come</h2><ul>${calls}</ul>`}`,
  )
}

export function problemList(codes: ProblemCode[]): string {
  const rows = codes.map((code) => {
    const { status, title } = catalogue[code]
    return `<tr><td>${status}<td><a href="/problems/${code}"><code>${code}</code></a><td>${escaped(title)}`
  })
  return page('Problems', `<h1>Problems that the API can answer</h1><table>${rows.join('')}</table>`)
}
