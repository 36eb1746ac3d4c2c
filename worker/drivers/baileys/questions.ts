/** How each question is asked of WhatsApp through a socket, and what its refusals mean. */
import type { AnswerOf, InputOf, Question } from '@berth/core/model/questions.ts'
import { isLidUser, isPnUser, jidDecode, jidNormalizedUser, type WASocket } from '@whiskeysockets/baileys'
import { AskFailed } from '../driver.ts'
import { askBlocked } from './blocks.ts'
import { askGroup, askGroups, askInvite } from './groups.ts'
import { addressesOf } from './people.ts'
import type { FindPerson, Person } from './person.ts'
import type { Presences } from './presences.ts'

/** What questions are asked with. */
export interface Asking {
  socket: WASocket
  me: Person
  findPerson: FindPerson
  presences: Presences
}

type Asks = { [Q in Question]: (asking: Asking, input: InputOf<Q>) => Promise<AnswerOf<Q>> }

const asks: Asks = {
  profile: async ({ socket, me }) => ({
    ...addressesOf(me),
    ...ownName(socket),
    ...(await lookOf(socket, me.pn ?? me.lid!)),
  }),

  contact: async ({ socket, findPerson }, { chat }) => {
    const known = isPnUser(chat) ? await requireNumber(socket, chat) : chat
    const person = await findPerson(isLidUser(known) ? { lid: known } : { pn: known })
    return { ...addressesOf(person), ...(await lookOf(socket, known)) }
  },

  number: async ({ socket, findPerson }, { phoneNumber }) => {
    const chat = await findNumber(socket, phoneNumber)
    if (!chat) return { exists: false }
    const { lid } = await findPerson({ pn: chat })
    return { exists: true, chat, ...(lid ? { lid } : {}) }
  },

  blocked: askBlocked,
  groups: askGroups,
  group: askGroup,
  invite: askInvite,
  presence: ({ presences, socket, findPerson }, input) => presences.ask(socket, findPerson, input),
}

/** Throws AskFailed. */
export async function askThrough<Q extends Question>(
  asking: Asking,
  question: Q,
  input: InputOf<Q>,
): Promise<AnswerOf<Q>> {
  try {
    return await asks[question](asking, input)
  } catch (error) {
    throw failureOf(error)
  }
}

/** Errors of Baileys' queries carry the code of WhatsApp's answer. */
export function failureOf(error: unknown): AskFailed {
  if (error instanceof AskFailed) return error
  const { data, message } = error as { data?: unknown; message: string }
  if (data === 429) return new AskFailed('rate_limited', 'WhatsApp wants this account to ask less.')
  if (data === 404) return new AskFailed('not_found', 'WhatsApp knows nothing of that name.')
  if (typeof data === 'number') return new AskFailed('refused', `WhatsApp refuses to tell (${data} ${message}).`)
  return new AskFailed('no_answer', `WhatsApp did not answer as it should: ${message}`)
}

/** How WhatsApp writes a number; undefined: nobody has it. */
async function findNumber(socket: WASocket, number: string): Promise<string | undefined> {
  const found = await socket.onWhatsApp(number)
  if (!found) throw new AskFailed('no_answer', 'WhatsApp did not answer.')
  const [first] = found
  return first?.exists ? jidNormalizedUser(first.jid) : undefined
}

/** Throws AskFailed. */
export async function requireNumber(socket: WASocket, chat: string): Promise<string> {
  const number = await findNumber(socket, `+${jidDecode(chat)?.user}`)
  if (number) return number
  throw new AskFailed('not_found', 'Nobody has this number on WhatsApp.')
}

/** `socket.user` is what it was at the login. */
function ownName({ authState }: WASocket) {
  const name = authState.creds.me?.name
  return name ? { name } : {}
}

/** What anybody may see of somebody who does not hide it. */
async function lookOf(socket: WASocket, jid: string) {
  const [pictureUrl, about] = await Promise.all([pictureOf(socket, jid), aboutOf(socket, jid)])
  return { ...(pictureUrl ? { pictureUrl } : {}), ...about }
}

/** 401, 403, 404: they have none, or don't show it to us. */
const HIDDEN = new Set<unknown>([401, 403, 404])

async function pictureOf(socket: WASocket, jid: string): Promise<string | undefined> {
  try {
    return await socket.profilePictureUrl(jid, 'image')
  } catch (error) {
    if (HIDDEN.has((error as { data?: unknown }).data)) return undefined
    throw error
  }
}

async function aboutOf(socket: WASocket, jid: string) {
  const [found] = (await socket.fetchStatus(jid)) ?? []
  const { status, setAt } = (found?.status ?? {}) as { status?: string | null; setAt?: Date }
  if (!status) return {}
  return { about: status, ...(setAt?.getTime() ? { aboutSetAt: setAt.toISOString() } : {}) }
}
