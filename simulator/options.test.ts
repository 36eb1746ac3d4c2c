// The command line: what is asked for, and what is said to somebody who mistyped.
import { expect, it } from 'vitest'
import { HELP, parseOptions } from './options.ts'

it('starts with nothing', () => {
  expect(parseOptions([])).toEqual({
    data: undefined,
    port: 0,
    host: '127.0.0.1',
    seed: undefined,
    startAt: undefined,
    rootKey: undefined,
    strict: true,
    load: undefined,
  })
})

it('takes everything that the help names', () => {
  const named = [...HELP.matchAll(/^ {2}--(?:no-)?(\w+)/gm)].map(([, name]) => name)
  expect(named).toEqual(['data', 'port', 'host', 'seed', 'time', 'root', 'strict', 'load'])
  const args =
    '--data d --port 7800 --host ::1 --seed s --time 2030-01-01T00:00:00Z --no-strict --load accounts=20,groupShare=0.5'
  expect(parseOptions(args.split(' '))).toMatchObject({
    data: 'd',
    port: 7800,
    host: '::1',
    seed: 's',
    startAt: Date.UTC(2030, 0, 1),
    strict: false,
    load: { accounts: 20, groupShare: 0.5, contacts: 100 },
  })
  const rootKey = Buffer.alloc(32, 7)
  expect(parseOptions(['--root', rootKey.toString('base64')])).toMatchObject({ rootKey })
  expect(parseOptions(['--load', '1000'])).toMatchObject({ load: { accounts: 1000 } })
  expect(parseOptions(['-h'])).toBe('help')
})

it.each([
  [['--prot', '1'], '--prot'],
  [['--port', 'http'], '--port'],
  [['--time', 'tomorrow'], '--time'],
  [['--root', 'short'], '32 bytes'],
  [['--load', 'contacts=3'], 'accounts'],
  [['--load', 'accounts=3,speed=3'], 'speed'],
  [['--load', 'accounts=50000,perMinute=6000'], 'at most 10000'],
  [['--load', 'accounts=3,groupShare=1,contacts=1'], 'groupSize'],
])('%o: says what is wrong', (args, what) => {
  expect(() => parseOptions(args)).toThrow(what)
})
