import { expect, test } from 'vitest'
import { AskFailed } from '../drivers/driver.ts'
import { AnswerCache, Questions } from './questions.ts'

/** Questions to somebody who answers when told to. */
function world() {
  const questions = new Questions(new AnswerCache())
  const asked: string[] = []
  const answers = Promise.withResolvers<void>()
  const check = (phoneNumber: string, account = 'one') =>
    questions.ask(account, 'number', { phoneNumber }, async (_, input) => {
      asked.push(input.phoneNumber)
      await answers.promise
      return { exists: input.phoneNumber !== '+0' }
    })
  return { questions, asked, check, answer: answers.resolve, fail: answers.reject }
}

test('is asked once by all who want to know it at the same time, and later not again', async () => {
  const { check, asked, answer } = world()
  const both = Promise.all([check('+1'), check('+1')])
  answer()
  expect(await both).toEqual([{ exists: true }, { exists: true }])
  expect(await check('+1')).toEqual({ exists: true })
  expect(asked).toEqual(['+1'])
  await check('+2')
  await check('+1', 'another account')
  expect(asked).toEqual(['+1', '+2', '+1'])
})

test('a failure is told to all who wait, and asked again', async () => {
  const { check, asked, fail } = world()
  const both = Promise.allSettled([check('+1'), check('+1')])
  fail(new AskFailed('not_connected', 'no'))
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(check('+1')).rejects.toMatchObject({ code: 'not_connected' })
  expect(asked).toHaveLength(2)
})

test('more at the same time than is good for the account is refused; then there is room again', async () => {
  const { check, answer } = world()
  const many = Array.from({ length: 16 }, (_, i) => check(`+${i + 1}`))
  await expect(check('+99')).rejects.toMatchObject({ code: 'busy' })
  answer()
  await Promise.all(many)
  expect(await check('+99')).toEqual({ exists: true })
})

test('what passes is asked each time', async () => {
  const questions = new Questions(new AnswerCache())
  const input = { chat: '1@lid', waitSeconds: 0 }
  const [first, second] = [{ presence: 'composing' } as const, { presence: 'available' } as const]
  expect(await questions.ask('one', 'presence', input, async () => first)).toEqual(first)
  expect(await questions.ask('one', 'presence', input, async () => second)).toEqual(second)
})
