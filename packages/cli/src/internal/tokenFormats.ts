/** The forms of `token --format`, apart from what writes them, which takes time to load. */
export const formats = ["token", "header", "json", "env", "exec-credential"] as const
