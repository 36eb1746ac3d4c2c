/** `sessions link`: draws the code, follows it until the phone is linked. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, defineCommand, gatewayOptions, type Options } from '../command.ts'
import { CliError } from '../error.ts'
import { GatewayProblem, GatewayUnreachable } from '../gateway.ts'
import { interruptionSignal } from '../interruption.ts'
import { LinkScreen } from '../link-screen.ts'
import { isLinked, wordOn } from '../linking.ts'
import { PROGRAM } from '../program.ts'
import { onlyArgument, secondsOf } from '../target.ts'
import { type ApiSession, asTenantOf, type TenantSession } from '../tenant-session.ts'
import { asJsonLine } from '../terminal.ts'

const DEFAULT_TIMEOUT_S = 300
/** Between two questions, and before a stream that broke off is opened again. */
const PAUSE_MS = 500

const options = {
  again: { type: 'boolean', about: 'log the present phone out first, and link anew' },
  timeout: { type: 'string', value: 'SECONDS', about: `how long to wait for the phone (${DEFAULT_TIMEOUT_S})` },
  ...gatewayOptions,
} as const satisfies Options

type LinkCall = Call<typeof options>

interface Qr {
  qr: string
  expiresAt: string
}

export const sessionsLink = defineCommand({
  name: 'sessions link',
  arguments: 'NAME',
  summary: 'link a phone: draws the QR code here and follows it',
  details: `A new code takes the place of the old one, until the phone is connected. Whoever scans the code owns the session:
it is shown to nobody else. A session that was logged out is linked again by this (spec.linking.attempt goes up).
With --json every event is a line, with the text of each code.`,
  examples: [
    ['sessions link support', 'scan what it draws with the phone'],
    ['sessions link support --again', 'with another phone than now'],
    ['sessions link support --json', 'the codes as text, for a page of your own'],
  ],
  options,
  async run(call) {
    const name = onlyArgument(call.args, 'session', 'sessions link')
    const seconds = secondsOf(call.values.timeout, DEFAULT_TIMEOUT_S, 'sessions link')
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(tooLate(name, seconds)), seconds * 1000)
    const signal = AbortSignal.any([interruptionSignal(), timeout.signal])
    try {
      await asTenantOf(call, name, (session) => link(call, name, session, signal))
    } finally {
      clearTimeout(timer)
    }
  },
})

const tooLate = (name: string, seconds: number) =>
  new CliError(`No phone was linked in ${seconds} s. Try again: ${PROGRAM} sessions link ${name}`)

async function link(call: LinkCall, name: string, session: TenantSession, signal: AbortSignal): Promise<void> {
  const { gateway, path } = session
  const { values, terminal } = call
  const now = await gateway.json<ApiSession>('GET', path, { signal })
  if (isLinked(now) && !values.again) {
    if (values.json) terminal.print(asJsonLine({ event: 'connected', ...now }))
    else terminal.print(`${name} is linked to ${now.phoneNumber} already.`)
    return terminal.note(`To link another phone: ${PROGRAM} sessions link ${name} --again`)
  }
  if (isLinked(now)) await logOut(session, signal)
  if (isLinked(now) || now.state === 'LoggedOut') {
    terminal.note('Linking again.')
    await gateway.json('POST', `${path}/start`, { signal })
  }
  await followLinking(call, name, session, signal)
}

/** The phone no longer lists the device when this is done. */
async function logOut({ gateway, path }: TenantSession, signal: AbortSignal): Promise<void> {
  let command = await gateway.json<{ id: string; status: string; error?: string }>('POST', `${path}/logout`, { signal })
  while (command.status === 'queued') {
    await pause(signal)
    command = await gateway.json('GET', `${path}/commands/${command.id}`, { signal })
  }
  if (command.status === 'failed') throw new CliError(`The present phone could not be logged out: ${command.error}.`)
}

async function followLinking(call: LinkCall, name: string, session: TenantSession, signal: AbortSignal): Promise<void> {
  const screen = new LinkScreen(call.terminal)
  try {
    while (!(await followStream(call, screen, name, session, signal))) {
      // The gateway ends a stream when it stops, and after some minutes.
      await pause(signal)
    }
  } finally {
    screen.clear()
  }
}

/** Whether the phone was linked before the stream ended. Throws CliError when somebody has to do something first. */
async function followStream(
  { terminal, values }: LinkCall,
  screen: LinkScreen,
  name: string,
  session: TenantSession,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for await (const { event, data } of session.gateway.stream(`${session.path}/qr/stream`, signal)) {
      if (values.json) terminal.print(asJsonLine({ event, ...(data as object) }))
      if (event === 'qr' && !values.json) await showCode(screen, session, data as Qr, signal)
      if (event === 'state') {
        const { say, stuck } = wordOn(data as ApiSession, name)
        if (stuck) throw new CliError(stuck)
        if (say && !values.json) screen.say(say)
      }
      if (event === 'connected') {
        if (!values.json) screen.say(`Connected as ${(data as ApiSession).phoneNumber}.`)
        return true
      }
    }
  } catch (error) {
    if (!(error instanceof GatewayUnreachable)) throw error
    terminal.note(`${error.message} Trying again.`)
  }
  return false
}

/** The gateway draws it; by then it may have been scanned, which the stream will tell. */
async function showCode(
  screen: LinkScreen,
  { gateway, path }: TenantSession,
  { expiresAt }: Qr,
  signal: AbortSignal,
): Promise<void> {
  try {
    const answer = await gateway.fetch('GET', `${path}/qr`, { headers: { accept: 'text/plain' }, signal })
    const expires = Date.parse(answer.headers.get('qr-expires-at') ?? expiresAt)
    screen.showCode(await answer.text(), Math.max(0, Math.round((expires - Date.now()) / 1000)))
  } catch (error) {
    if (!(error instanceof GatewayProblem)) throw error
  }
}

const pause = (signal: AbortSignal): Promise<void> =>
  sleep(PAUSE_MS, undefined, { signal }).catch(() => {
    throw signal.reason
  })
