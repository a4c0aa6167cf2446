/** Words that are no names. */
export interface Reserved {
  has(name: string): boolean;
}

/**
 * Names that are no reserved words. The author's name is kept but for an underscore at its end where it is one;
 * two different names never become the same.
 */
export function createNames(reserved: Reserved): (name: string) => string {
  return (name) => (reserved.has(name.replace(/_+$/, "")) ? `${name}_` : name);
}
