/** How this program is called, in everything that people may copy. */
export const PROGRAM = 'npm run berth --'
