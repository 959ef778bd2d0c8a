// What a library takes for granted and Chromium 90 does not have yet.
interface Young {
  hasOwn?: (object: object, key: PropertyKey) => boolean;
}
(Object as Young).hasOwn ??= (object, key) => Object.prototype.hasOwnProperty.call(object, key) as boolean;
export {};
