/** What the words on the command line mean. Pure. */
import { parseArgs } from 'node:util'
import { type Command, commonOptions, type Options, type Values } from './command.ts'
import { UsageError } from './error.ts'

export type Parsed =
  | { action: 'help'; topic: string[] }
  | { action: 'run'; command: Command; values: Values<Options & typeof commonOptions>; args: string[] }

/** Throws UsageError. */
export function parseCommandLine(words: string[], commands: Command[]): Parsed {
  const [first] = words
  if (first === undefined || first === '--help' || first === '-h') return { action: 'help', topic: [] }
  if (first === 'help') return { action: 'help', topic: words.slice(1) }

  const command = commandAt(words, commands)
  if (!command) return unknown(words, commands)
  const { values, positionals } = parse(words.slice(command.name.split(' ').length), command)
  if (values.help) return { action: 'help', topic: command.name.split(' ') }
  return { action: 'run', command, values, args: positionals }
}

/** The command that these words begin with. */
export const commandAt = (words: string[], commands: Command[]): Command | undefined =>
  commands.find(({ name }) => name.split(' ').every((word, index) => words[index] === word))

/** Those of a group, as `keys`. */
export const commandsOf = (group: string | undefined, commands: Command[]): Command[] =>
  commands.filter(({ name }) => name.startsWith(`${group} `))

function unknown(words: string[], commands: Command[]): Parsed {
  const [first, second] = words
  const group = commandsOf(first, commands)
  if (group.length === 0) {
    const names = [...new Set(commands.map(({ name }) => name.split(' ')[0]))]
    throw new UsageError(`There is no command "${first}". Commands: ${[...names, 'help'].join(', ')}.`)
  }
  if (words.includes('--help') || words.includes('-h')) return { action: 'help', topic: [first!] }
  const choice = group.map(({ name }) => name).join(', ')
  throw new UsageError(second ? `There is no "${first} ${second}", but: ${choice}.` : `Which one: ${choice}?`, first)
}

function parse(args: string[], command: Command) {
  try {
    const options = { ...command.options, ...commonOptions }
    return parseArgs({ args, options, allowPositionals: true }) as {
      values: Values<Options & typeof commonOptions>
      positionals: string[]
    }
  } catch (error) {
    // Node goes on with advice that does not fit here.
    const [message = ''] = (error as Error).message.split(/\. To |\. Did you |\n/)
    throw new UsageError(`${message.replace(/\.$/, '')}.`, command.name)
  }
}
