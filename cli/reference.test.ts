import { expect, test } from 'vitest'
import { commands } from './commands.ts'
import { referenceOf } from './reference.ts'

test('docs/cli.md says what the help says', async () => {
  await expect(`${referenceOf(commands)}\n`).toMatchFileSnapshot('../docs/cli.md')
})
