/**
 * A token store on SQL.
 *
 * @since 3.0.0
 */

/**
 * The token store on `@effect/sql`.
 *
 * @since 3.0.0
 */
export * as SqlTokenStore from "./SqlTokenStore.js"
