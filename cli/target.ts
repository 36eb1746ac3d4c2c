/** Which objects the arguments mean: `wa`, `wa support sales`, `wa/support ten/demo`. Pure. */
import { isName } from '@berth/core/kube/path.ts'
import { UsageError } from './error.ts'
import { kindsByName, type NamedKind } from './kinds.ts'

export interface Target {
  kind: NamedKind
  /** None: all of the kind. */
  names: string[]
}

/** Throws UsageError. */
export function targetsOf(args: string[], command: string): Target[] {
  const [first, ...rest] = args
  if (first === undefined) throw new UsageError('Which kind? For example: tenants.', command)
  const bad = args.slice(1).find((arg) => !arg.split('/').every(isName))
  if (bad !== undefined) throw new UsageError(`"${bad}" can't be a name.`, command)
  if (args.some((arg) => arg.includes('/'))) return args.map((arg) => targetOf(arg, command))
  const kinds = kindsByName(first, command)
  if (rest.length > 0 && kinds.length > 1) throw new UsageError('A name needs one kind, not several.', command)
  return kinds.map((kind) => ({ kind, names: rest }))
}

function targetOf(arg: string, command: string): Target {
  const [kindName, name, ...more] = arg.split('/')
  if (!kindName || !isName(name) || more.length > 0) throw new UsageError(`"${arg}" is not KIND/NAME.`, command)
  const [kind, ...others] = kindsByName(kindName, command)
  if (!kind || others.length > 0) throw new UsageError('A name needs one kind, not several.', command)
  return { kind, names: [name] }
}

/** The one argument of a command that takes one. Throws UsageError. */
export function onlyArgument(args: string[], what: string, command: string): string {
  const [first, ...rest] = args
  if (first !== undefined && rest.length === 0) return first
  throw new UsageError(first === undefined ? `Which ${what}?` : `One ${what}, not ${args.length}.`, command)
}

/** The arguments of a command that takes one or more. Throws UsageError. */
export function someArguments(args: string[], what: string, command: string): string[] {
  if (args.length > 0) return args
  throw new UsageError(`Which ${what}?`, command)
}

/** For a command that takes none. Throws UsageError. */
export function noArguments(args: string[], command: string): void {
  if (args.length > 0) throw new UsageError(`What is "${args[0]}"? This takes options only.`, command)
}

const MAX_SECONDS = 86_400

/** The value of an option that is a number of seconds. Throws UsageError. */
export function secondsOf(text: string | undefined, usual: number, command: string): number {
  const seconds = text === undefined ? usual : Number(text)
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds
  throw new UsageError(`--timeout is a number of seconds, not ${text}.`, command)
}
