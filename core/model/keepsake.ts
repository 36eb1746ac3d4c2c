/** The ConfigMap in which the operator keeps what it knows of the database (core/ownership/database.ts). */

export const KEEPSAKE_NAME = 'berth-database'

/** In its data: the home of a copied database that a person says is to go on here. */
export const ADOPT_KEY = 'adopt'
