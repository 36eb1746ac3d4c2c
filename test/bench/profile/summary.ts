/** Where the time of a CPU profile went: by package, and by function. */

/** What is read of a .cpuprofile, as V8 writes it. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  /** The node that was running, for each sample. */
  samples?: number[]
  /** Microseconds since the sample before. */
  timeDeltas?: number[]
}

export interface SelfTime {
  name: string
  ms: number
}

export interface ProfileSummary {
  /** Without the time in which nothing ran. */
  busyMs: number
  packages: SelfTime[]
  functions: SelfTime[]
}

const IDLE = '(idle)'

/** Self times, greatest first. */
export function summarize({ nodes, samples = [], timeDeltas = [] }: CpuProfile): ProfileSummary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const packages = new Map<string, number>()
  const functions = new Map<string, number>()
  let busyMs = 0
  for (const [i, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id)!
    if (functionName === IDLE) continue
    const ms = (timeDeltas[i] ?? 0) / 1000
    const file = shortPath(url)
    busyMs += ms
    add(packages, packageOf(file) || functionName, ms)
    add(functions, `${functionName || '(anonymous)'} ${file && `${file}:${lineNumber + 1}`}`.trim(), ms)
  }
  return { busyMs, packages: sorted(packages), functions: sorted(functions) }
}

/** From the package's folder, or from the repository's. */
const shortPath = (url: string): string =>
  url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/(core|worker|simulator|test)\//, '$1/')

/** A name of npm, a folder of ours, a module of Node; empty for V8's own work, such as the garbage collection. */
function packageOf(file: string): string {
  if (file.startsWith('node:')) return file
  const [first = '', second = ''] = file.split('/')
  return first.startsWith('@') || first === 'worker' || first === 'core' ? `${first}/${second}` : first
}

const add = (times: Map<string, number>, name: string, ms: number) => times.set(name, (times.get(name) ?? 0) + ms)

const sorted = (times: Map<string, number>): SelfTime[] =>
  [...times].map(([name, ms]) => ({ name, ms })).sort((a, b) => b.ms - a.ms)
