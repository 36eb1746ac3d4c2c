/** What businesses send through their provider: templates, and messages with buttons or a list. Linked phones can't. */
import { z } from 'zod'
import { standing, Words } from './message-parts.ts'

/** One that was approved by Meta; it may be sent when the contact has not written for a day. */
export const Template = z.object({
  name: z
    .string()
    .regex(/^[a-z0-9_]{1,512}$/, 'Write the name of the template: a-z, 0-9 and _')
    .describe('What it is called'),
  language: z
    .string()
    .regex(/^[a-z]{2,3}(_[A-Z]{2})?$/, 'Write a language as "en" or "pt_BR"')
    .describe('In which of its languages it goes out'),
  components: z
    .array(z.looseObject({ type: z.enum(['header', 'body', 'button'], 'Write header, body or button') }))
    .max(20)
    .optional()
    .describe('What stands in its gaps, as Meta writes it'),
})

export const TemplateMessage = z.object({ type: z.literal('template'), template: Template, ...standing })

const around = {
  text: Words.max(4096).describe('What is asked'),
  header: Words.max(60).optional().describe('Above it'),
  footer: Words.max(60).optional().describe('Below it, in small letters'),
}

export const Choices = z.object({
  ...around,
  buttons: z
    .array(
      z.object({
        id: Words.max(256).describe('Which the answer names'),
        text: Words.max(20).describe('What the button says'),
      }),
    )
    .min(1)
    .max(3)
    .describe('At most three'),
})

export const List = z.object({
  ...around,
  button: Words.max(20).describe('What the button says that opens the list'),
  sections: z
    .array(
      z.object({
        title: Words.max(24).optional().describe('Above its rows'),
        rows: z
          .array(
            z.object({
              id: Words.max(200).describe('Which the answer names'),
              text: Words.max(24).describe('What the row says'),
              description: Words.max(72).optional().describe('What stands below it'),
            }),
          )
          .min(1)
          .max(10),
      }),
    )
    .min(1)
    .max(10)
    .describe('At most ten rows in all'),
})

export const ButtonsMessage = z.object({ type: z.literal('buttons'), choices: Choices, ...standing })
export const ListMessage = z.object({ type: z.literal('list'), list: List, ...standing })
