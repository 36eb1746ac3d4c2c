import { expect, test } from 'vitest'
import { commandAt, parseCommandLine } from './arguments.ts'
import { commands } from './commands.ts'
import { UsageError } from './error.ts'

const parse = (line: string) => parseCommandLine(line.split(' ').filter(Boolean), commands)
const refusal = (line: string): UsageError => {
  try {
    parse(line)
  } catch (error) {
    if (error instanceof UsageError) return error
  }
  throw new Error(`"${line}" was understood`)
}

test('finds the command, its options and its arguments, in any order', () => {
  const expected = { action: 'run', command: commandAt(['get'], commands), args: ['wa', 'support'] }
  for (const line of ['get wa support -w -n prod', 'get -w wa --namespace=prod support', 'get -wn prod wa support']) {
    expect(parse(line)).toEqual({ ...expected, values: { watch: true, namespace: 'prod' } })
  }
})

test('a command may be two words', () => {
  expect(parse('keys create demo --name x')).toMatchObject({ command: { name: 'keys create' }, args: ['demo'] })
})

test('takes an option several times where that means something, and - as a file', () => {
  expect(parse('apply -f a -f - --file=b')).toMatchObject({ values: { file: ['a', '-', 'b'] } })
})

test('help: of everything, of a command, of a group', () => {
  for (const line of ['', 'help', '--help', '-h']) expect(parse(line)).toEqual({ action: 'help', topic: [] })
  for (const line of ['help get', 'get -h', 'get wa --help'])
    expect(parse(line)).toEqual({ action: 'help', topic: ['get'] })
  for (const line of ['help keys', 'keys --help']) expect(parse(line)).toEqual({ action: 'help', topic: ['keys'] })
  expect(parse('keys list -h')).toEqual({ action: 'help', topic: ['keys', 'list'] })
})

test.each([
  [
    'gett wa',
    'There is no command "gett". Commands: apply, get, describe, delete, tenants, keys, sessions, send, workers, explain, events, doctor, database, prepare, shutdown, help.',
    undefined,
  ],
  ['keys', 'Which one: keys create, keys list, keys revoke?', 'keys'],
  ['keys make demo', 'There is no "keys make", but: keys create, keys list, keys revoke.', 'keys'],
  ['get wa --wacth', "Unknown option '--wacth'.", 'get'],
  ['get wa -n', "Option '-n, --namespace <value>' argument missing.", 'get'],
  ['get wa --watch=yes', "Option '-w, --watch' does not take an argument.", 'get'],
])('%s: says what is wrong, and where help is', (line, message, command) => {
  expect(refusal(line)).toMatchObject({ message, command })
})
