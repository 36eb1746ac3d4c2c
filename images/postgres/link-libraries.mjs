/** npm packages hold no links: makes those that this one lists. `node link-libraries.mjs <folder of the package>` */
import { readFileSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'

const folder = process.argv[2]
for (const { source, target } of JSON.parse(readFileSync(path.join(folder, 'native/pg-symlinks.json'), 'utf8'))) {
  const link = path.join(folder, target)
  rmSync(link, { force: true })
  symlinkSync(path.relative(path.dirname(link), path.join(folder, source)), link)
}
