/** The members that are not undefined. */
export function defined<Members extends object>(members: Members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    // The remaining members keep their types, without undefined.
    [Name in keyof Members]?: Exclude<Members[Name], undefined>;
  };
}
