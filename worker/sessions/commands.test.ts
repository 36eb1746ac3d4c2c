import type { CommandRow } from '@berth/core/postgres/auth-state.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { describe, expect, test } from 'vitest'
import { Commands, type Situation } from './commands.ts'

const log = createLogger('worker')
log.level = 'silent'

const READ = { chat: '5511999990002@s.whatsapp.net', messages: [{ whatsappId: 'ID1' }] }
const command = (id: string, kind: CommandRow['kind'], input: unknown = null): CommandRow => ({
  session_id: 's',
  id,
  kind,
  input,
})

/** What was done, in its order; `fails`: how many calls of the driver come to nothing. */
function setUp(situation: Partial<Situation> = {}, fails = 0) {
  const did: unknown[] = []
  let failures = fails
  const call = async (what: unknown) => {
    if (failures-- > 0) throw new Error('the connection was closed')
    did.push(what)
  }
  const now: Situation = {
    state: 'Connected',
    linked: true,
    driver: { logout: () => call('logout'), markRead: (input) => call(input) },
    ...situation,
  }
  const commands = new Commands({
    situation: () => now,
    write: async ({ id, status }) => {
      did.push(`${id} ${status}`)
    },
    log,
  })
  return { commands, now, did }
}

/** A call while another one is under way does nothing. */
const untilDone = (commands: Commands, did: unknown[], wanted: unknown[]) =>
  expect.poll(() => commands.run().then(() => did)).toEqual(wanted)

describe('commands', () => {
  test('are carried out one after another, each once', async () => {
    const { commands, did } = setUp()
    commands.take([command('a', 'read', READ), command('b', 'logout')])
    commands.take([command('b', 'logout')])
    await expect.poll(() => did).toEqual([READ, 'a done', 'logout', 'b done'])
  })

  test('wait for the connection', async () => {
    const { commands, now, did } = setUp({ state: 'Disconnected' })
    commands.take([command('a', 'read', READ)])
    await commands.run()
    expect(did).toEqual([])
    now.state = 'Connected'
    await untilDone(commands, did, [READ, 'a done'])
  })

  test('are tried again', async () => {
    const { commands, did } = setUp({}, 1)
    commands.take([command('a', 'read', READ)])
    await untilDone(commands, did, [READ, 'a done'])
  })

  test('find nothing to log out of, and nobody to tell, where there is no link any more', async () => {
    const { commands, did } = setUp({ state: 'LoggedOut', linked: false })
    commands.take([command('a', 'read', READ), command('b', 'logout')])
    await expect.poll(() => did).toEqual(['a failed', 'b done'])
  })
})
