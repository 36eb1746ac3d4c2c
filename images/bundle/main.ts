/** `node images/bundle/main.ts <image> <folder>`: the step of the Dockerfile that makes an image's /app. */
import { bundle } from './bundle.ts'
import { fillCompileCache } from './compile-cache.ts'
import { APPS, RECIPES } from './recipes.ts'

const [name, folder] = process.argv.slice(2)
const app = APPS.find((each) => each === name)
if (!app || !folder) {
  console.error(`Usage: node images/bundle/main.ts ${APPS.join('|')} FOLDER`)
  process.exit(2)
}
await bundle(app, folder)
await fillCompileCache(folder, Object.keys(RECIPES[app].programs))
