// This layer's errors of misuse carry the code that the endpoints' have.

/** Gives an error of misuse the code `BAD_OPTION`. */
export function badOption<E extends Error>(error: E): E & { readonly code: 'BAD_OPTION' } {
  return Object.assign(error, { code: 'BAD_OPTION' as const })
}
