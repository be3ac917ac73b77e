/** What only one major lets a program do to an HTTP client beneath the library. */
import type { HttpClient } from "@effect/platform"

export const changes: Readonly<Record<string, (client: HttpClient.HttpClient) => HttpClient.HttpClient>> = {}
