/** How it is seen that the database went back in time. */
export const databaseIdentity = /* sql */ `
SELECT 1;
`
