/** The JSON paths of printer columns: fields, `[*]`, `[0]` and `[?(@.type=="Ready")]`. */
import { isRecord } from './object.ts'

type Step = (values: unknown[]) => unknown[]

const parsed = new Map<string, Step[]>()

/** Every value that a path finds; an unreadable path throws. */
export function jsonPathValues(value: unknown, path: string): unknown[] {
  let steps = parsed.get(path)
  if (!steps) {
    steps = parse(path)
    parsed.set(path, steps)
  }
  return steps.reduce((values, step) => step(values), [value])
}

function parse(path: string): Step[] {
  const steps: Step[] = []
  let rest = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '')
  while (rest !== '') {
    const field = /^\.?((?:[^.[\]\\]|\\.)+)/.exec(rest)
    const bracket = /^\[((?:'[^']*'|"[^"]*"|[^\]'"])*)\]/.exec(rest)
    if (bracket) steps.push(bracketStep(bracket[1]!))
    else if (field) steps.push(fieldStep(field[1]!.replaceAll('\\', '')))
    else throw new Error(`unreadable JSON path ${path}`)
    rest = rest.slice((bracket ?? field)![0].length)
  }
  return steps
}

function fieldStep(name: string): Step {
  if (name === '*') return (values) => values.flatMap(children)
  return (values) => values.flatMap((value) => (isRecord(value) && Object.hasOwn(value, name) ? [value[name]] : []))
}

function bracketStep(text: string): Step {
  const quoted = /^['"](.*)['"]$/.exec(text)
  if (quoted) return fieldStep(quoted[1]!)
  if (text === '*') return (values) => values.flatMap(children)
  if (/^-?\d+$/.test(text)) {
    return (values) => values.flatMap((value) => (Array.isArray(value) ? value.slice(Number(text)).slice(0, 1) : []))
  }
  const filter = /^\?\(\s*@((?:\.[^=!<>\s]+)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([^\s)]+))\s*\)$/.exec(text)
  if (!filter) throw new Error(`unreadable JSON path filter ${text}`)
  const [, path, operator, double, single, bare] = filter
  const wanted = double ?? single ?? bare
  return (values) =>
    values.flatMap(children).filter((item) => {
      const [found] = jsonPathValues(item, path!)
      return (found !== undefined && String(found) === wanted) === (operator === '==')
    })
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  return isRecord(value) ? Object.values(value) : []
}
