/** Messages that change an earlier one. */
import { z } from 'zod'
import { Bytes, PersonAddress, Reference, Words } from './message-parts.ts'

const common = {
  target: Reference,
  /** When its author made it (Unix milliseconds): of several by one person, the last one counts. */
  at: z.int().optional(),
}

/** One person has one reaction to a message; an empty emoji takes it back. */
export const ReactionChange = z.object({ type: z.literal('reaction'), ...common, emoji: z.string().max(64) })

/** The text or caption that takes the place of the one before. */
export const EditChange = z.object({
  type: z.literal('edit'),
  ...common,
  text: Words,
  mentions: z.array(PersonAddress).max(1024).optional(),
})

/** For everyone. */
export const DeleteChange = z.object({ type: z.literal('delete'), ...common })

/** A vote that only who has the poll's secret can read. JIDs are given in every form that it may be bound to. */
export const SealedVote = z.object({
  payload: Bytes,
  nonce: Bytes,
  voters: z.array(z.string()).max(2),
  creators: z.array(z.string()).max(2),
})
export type SealedVote = z.infer<typeof SealedVote>

/** One person has one vote in a poll; no options take it back. */
export const VoteChange = z.object({
  type: z.literal('vote'),
  ...common,
  /** Left out: it is sealed. */
  options: z.array(z.string()).max(12).optional(),
  sealed: SealedVote.optional(),
  /** Of the poll, for a vote that is to be sent. */
  secret: Bytes.optional(),
})

export const Change = z.discriminatedUnion('type', [ReactionChange, EditChange, DeleteChange, VoteChange])
export type Change = z.infer<typeof Change>

export const CHANGE_TYPES: readonly string[] = Change.options.map(({ shape }) => shape.type.value)
