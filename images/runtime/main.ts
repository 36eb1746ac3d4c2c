/** `node images/runtime/main.ts <folder>`: the step of the Dockerfile that takes from the image of Node what Node needs. */
import { copyRuntime } from './runtime.ts'

const [folder] = process.argv.slice(2)
if (!folder) {
  console.error('Usage: node images/runtime/main.ts FOLDER')
  process.exit(2)
}
await copyRuntime(folder)
