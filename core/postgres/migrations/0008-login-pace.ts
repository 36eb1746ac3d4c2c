/** How many sessions of the installation may log in, and who first. */
export const loginPace = /* sql */ `
SELECT 1;
`
