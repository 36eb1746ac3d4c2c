/** `sessions link`: draws the code, or shows one to type, and follows it until the phone is linked. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isProblem, NoAnswer, type QrCode, type Session } from '@berth/client'
import { type Call, defineCommand, gatewayOptions, type Options } from '../command.ts'
import { CliError } from '../error.ts'
import { interruptionSignal } from '../interruption.ts'
import { LinkScreen } from '../link-screen.ts'
import { isLinked, isUsable, wordOn } from '../linking.ts'
import { PROGRAM } from '../program.ts'
import { onlyArgument, secondsOf } from '../target.ts'
import { asTenantOf, type TenantSession } from '../tenant-session.ts'
import { asJsonLine } from '../terminal.ts'

const DEFAULT_TIMEOUT_S = 300
/** Between two questions, and before a stream that broke off is opened again. */
const PAUSE_MS = 500

const options = {
  phone: { type: 'string', value: 'NUMBER', about: 'show a code to type on the phone of this number (+5511…)' },
  again: { type: 'boolean', about: 'log the present phone out first, and link anew' },
  timeout: { type: 'string', value: 'SECONDS', about: `how long to wait for the phone (${DEFAULT_TIMEOUT_S})` },
  ...gatewayOptions,
} as const satisfies Options

type LinkCall = Call<typeof options>

export const sessionsLink = defineCommand({
  name: 'sessions link',
  arguments: 'NAME',
  summary: 'link a phone: draws the QR code here and follows it',
  details: `A new code takes the place of the old one, until the phone is connected. Whoever scans the code owns the session:
it is shown to nobody else. With --phone there is nothing to scan: type the code that is shown on that phone.
A session that was logged out is linked again by this (spec.linking.attempt goes up).
With --json every event is a line, with the text of each code.`,
  examples: [
    ['sessions link support', 'scan what it draws with the phone'],
    ['sessions link support --phone +5511999990001', 'without a camera: type the code on that phone'],
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

async function link(call: LinkCall, resource: string, session: TenantSession, signal: AbortSignal): Promise<void> {
  const { api, name } = session
  const { values, terminal } = call
  const now = await api.getSession(name, { signal })
  if (isLinked(now) && !values.again) {
    if (values.json) terminal.print(asJsonLine({ event: 'connected', ...now }))
    else terminal.print(`${resource} is linked to ${now.phoneNumber} already.`)
    return terminal.note(`To link another phone: ${PROGRAM} sessions link ${resource} --again`)
  }
  if (isLinked(now) || now.state === 'LoggedOut') {
    if (isUsable(now)) await logOut(session, signal)
    terminal.note('Linking again.')
    await api.relinkSession(name, { signal })
  }
  const screen = new LinkScreen(terminal)
  try {
    for (;;) {
      const expiry = values.phone === undefined ? undefined : await showPairingCode(call, screen, session, signal)
      while (!expiry?.aborted) {
        if (await followStream(call, screen, resource, session, signal, expiry)) return
        // The gateway ends a stream when it stops, and after some minutes.
        await pause(signal)
      }
    }
  } finally {
    screen.clear()
  }
}

/** The phone no longer lists the device when this is done. */
async function logOut({ api, name }: TenantSession, signal: AbortSignal): Promise<void> {
  let command = await api.logOutSession(name, { signal })
  while (command.status === 'queued') {
    await pause(signal)
    command = await api.getCommand(name, command.id, { signal })
  }
  if (command.status === 'failed') throw new CliError(`The present phone could not be logged out: ${command.error}.`)
}

/** Answers what is aborted when the code expires. */
async function showPairingCode(
  { terminal, values }: LinkCall,
  screen: LinkScreen,
  { api, name }: TenantSession,
  signal: AbortSignal,
): Promise<AbortSignal> {
  const phoneNumber = values.phone!
  const { code, expiresAt } = await api.createPairingCode(name, { phoneNumber }, { signal })
  const leftMs = Math.max(0, Date.parse(expiresAt) - Date.now())
  if (values.json) terminal.print(asJsonLine({ event: 'pairingCode', code, expiresAt }))
  else screen.showPairingCode(code, phoneNumber, Math.round(leftMs / 1000))
  return AbortSignal.timeout(leftMs)
}

/**
 * Whether the phone was linked before the stream ended. Throws CliError when somebody has to do something first.
 * @param expiry of the code to type; with one, codes to scan are of no interest
 */
async function followStream(
  { terminal, values }: LinkCall,
  screen: LinkScreen,
  resource: string,
  { api, name }: TenantSession,
  signal: AbortSignal,
  expiry: AbortSignal | undefined,
): Promise<boolean> {
  const until = expiry ? AbortSignal.any([signal, expiry]) : signal
  try {
    for await (const { event, data } of api.streamQr(name, { signal: until })) {
      if (event === 'qr' && expiry) continue
      if (values.json) terminal.print(asJsonLine({ event, ...(data as object) }))
      if (event === 'qr' && !values.json) await showCode(screen, { api, name }, data as QrCode, signal)
      if (event === 'state') {
        const { say, stuck } = wordOn(data as Session, resource)
        if (stuck) throw new CliError(stuck)
        if (say && !values.json) screen.say(say)
      }
      if (event === 'connected') {
        if (!values.json) screen.say(`Connected as ${(data as Session).phoneNumber}.`)
        return true
      }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (expiry?.aborted) return false
    // A connection that breaks off in the midst of a stream is an error of fetch.
    if (!(error instanceof NoAnswer || error instanceof TypeError)) throw error
    terminal.note(`The gateway does not answer (${error.message}). Trying again.`)
  }
  return false
}

/** The gateway draws it; by then it may have been scanned, which the stream will tell. */
async function showCode(
  screen: LinkScreen,
  { api, name }: TenantSession,
  { expiresAt }: QrCode,
  signal: AbortSignal,
): Promise<void> {
  try {
    const path = `/v1/sessions/${encodeURIComponent(name)}/qr`
    const answer = await api.call<string>({ method: 'GET', path, accept: 'text/plain', options: { signal } })
    screen.showCode(answer, Math.max(0, Math.round((Date.parse(expiresAt) - Date.now()) / 1000)))
  } catch (error) {
    if (!isProblem(error)) throw error
  }
}

const pause = (signal: AbortSignal): Promise<void> =>
  sleep(PAUSE_MS, undefined, { signal }).catch(() => {
    throw signal.reason
  })
