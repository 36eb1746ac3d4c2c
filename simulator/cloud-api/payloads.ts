/** What Meta takes at POST /{phone-number-id}/messages: a shape for each kind, and what is wrong with one that does not fit. Pure. */
import { z } from 'zod'

const Wamid = z.string().startsWith('wamid.')
const Text = (max: number) => z.string().min(1).max(max)

const File = z
  .strictObject({
    id: z.string().optional(),
    link: z.url().optional(),
    caption: Text(1024).optional(),
    filename: Text(255).optional(),
    voice: z.boolean().optional(),
  })
  .refine(({ id, link }) => (id === undefined) !== (link === undefined), 'one of id and link')

const Header = z.strictObject({ type: z.literal('text'), text: Text(60) })
const Interactive = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('button'),
    header: Header.optional(),
    body: z.strictObject({ text: Text(1024) }),
    footer: z.strictObject({ text: Text(60) }).optional(),
    action: z.strictObject({
      buttons: z
        .array(z.strictObject({ type: z.literal('reply'), reply: z.strictObject({ id: Text(256), title: Text(20) }) }))
        .min(1)
        .max(3),
    }),
  }),
  z.strictObject({
    type: z.literal('list'),
    header: Header.optional(),
    body: z.strictObject({ text: Text(4096) }),
    footer: z.strictObject({ text: Text(60) }).optional(),
    action: z.strictObject({
      button: Text(20),
      sections: z
        .array(
          z.strictObject({
            title: Text(24).optional(),
            rows: z
              .array(z.strictObject({ id: Text(200), title: Text(24), description: Text(72).optional() }))
              .min(1)
              .max(10),
          }),
        )
        .min(1)
        .max(10),
    }),
  }),
])

const kinds = {
  text: z.strictObject({ body: Text(4096), preview_url: z.boolean().optional() }),
  image: File,
  video: File,
  audio: File,
  document: File,
  sticker: File,
  location: z.strictObject({
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    name: z.string().optional(),
    address: z.string().optional(),
  }),
  contacts: z
    .array(
      z.strictObject({
        name: z.strictObject({ formatted_name: Text(1000), first_name: Text(1000) }),
        phones: z
          .array(z.strictObject({ phone: z.string(), type: z.string(), wa_id: z.string().optional() }))
          .optional(),
      }),
    )
    .min(1),
  reaction: z.strictObject({ message_id: Wamid, emoji: z.string() }),
  interactive: Interactive,
  template: z.strictObject({
    name: z.string().regex(/^[a-z0-9_]{1,512}$/),
    language: z.strictObject({ code: z.string().regex(/^[a-z]{2,3}(_[A-Z]{2})?$/) }),
    components: z.array(z.looseObject({ type: z.enum(['header', 'body', 'button']) })).optional(),
  }),
} as const
export type Kind = keyof typeof kinds

const Common = z.looseObject({
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.literal('individual'),
  to: z.string().regex(/^[1-9]\d{6,14}$/),
  type: z.enum(Object.keys(kinds) as [Kind, ...Kind[]]),
  context: z.strictObject({ message_id: Wamid }).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
})

export interface Payload {
  to: string
  type: Kind
  content: Record<string, unknown>
  /** The message that it answers. */
  answers?: string | undefined
  /** What statuses carry back. */
  opaque?: string | undefined
}

/** Throws ZodError. */
export function payloadIn(body: unknown): Payload {
  const {
    messaging_product: _,
    recipient_type: _type,
    to,
    type,
    context,
    biz_opaque_callback_data,
    ...rest
  } = Common.parse(body)
  const content = z.strictObject({ [type]: kinds[type] as z.ZodType }).parse(rest)[type] as Record<string, unknown>
  return { to, type, content, answers: context?.message_id, opaque: biz_opaque_callback_data }
}

/** A read mark, with or without showing that somebody types. */
export const ReadMark = z.strictObject({
  messaging_product: z.literal('whatsapp'),
  status: z.literal('read'),
  message_id: Wamid,
  typing_indicator: z.strictObject({ type: z.literal('text') }).optional(),
})
