/** `send`: a text, through the gateway, as the tenant would send it. */
import type { Message } from '@berth/client'
import { defineCommand, gatewayOptions } from '../command.ts'
import { CliError, UsageError } from '../error.ts'
import { PROGRAM } from '../program.ts'
import { asTenantOf } from '../tenant-session.ts'
import { asJson } from '../terminal.ts'

/** As long as the gateway lets anybody wait. */
const WAIT_SECONDS = 30

export const send = defineCommand({
  name: 'send',
  arguments: 'SESSION TO TEXT',
  summary: 'send a text from a session',
  details: `TO is a phone number with country code, or the chat of a received message. TEXT is one argument; - reads it from
the standard input. The message is stored before the answer and then goes out once, also while the session moves.`,
  examples: [
    ['send support +5511911111111 "Hello from Berth"', 'stored, and on its way'],
    ['send support +5511911111111 "Hello" --wait', 'until WhatsApp has it; ends with 1 if it does not take it'],
  ],
  options: {
    wait: { type: 'boolean', about: `until WhatsApp has taken it, ${WAIT_SECONDS} s at most` },
    ...gatewayOptions,
  },
  async run(call) {
    const { args, values, terminal } = call
    const [session, to, words, ...more] = args
    if (session === undefined || to === undefined || words === undefined || more.length > 0) {
      throw new UsageError('From which session, to whom, and what? SESSION TO "TEXT".', 'send')
    }
    const text = words === '-' ? (await terminal.readInput()).trimEnd() : words
    const message = await asTenantOf(call, session, ({ api, name }) =>
      api.sendMessage(name, { to, text }, { prefer: values.wait ? `wait=${WAIT_SECONDS}` : undefined }),
    )
    if (values.json) terminal.print(asJson(message))
    else terminal.print(`message/${message.id} ${message.status}${tookOf(message)}`)
    if (values.wait) refuseUnsent(message, session)
  },
})

const tookOf = ({ createdAt, sentAt }: Message): string =>
  sentAt ? ` after ${((Date.parse(sentAt) - Date.parse(createdAt)) / 1000).toFixed(1)} s` : ''

function refuseUnsent({ status, error }: Message, session: string): void {
  if (status === 'failed')
    throw new CliError(`WhatsApp did not take it: ${[error?.code, error?.message].filter(Boolean).join(': ')}`)
  if (status === 'queued' || status === 'sending') {
    const where = `${PROGRAM} explain session ${session}`
    throw new CliError(
      `Not sent within ${WAIT_SECONDS} s. It is stored and goes out by itself; what holds it up: ${where}`,
    )
  }
}
