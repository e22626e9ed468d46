import fc from 'fast-check';
import { LinkedList, type Linked } from '../../src/connection/linked-list';

interface Item extends Linked<Item> {
  readonly name: number;
}

const names = (list: LinkedList<Item>): number[] => [...list].map(({ name }) => name);

test('a LinkedList keeps the order in which items were added, whichever are deleted', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('add' as const), fc.nat(30))), (steps) => {
      const list = new LinkedList<Item>();
      const items: Item[] = [];
      let expected: number[] = [];
      for (const step of steps) {
        if (step === 'add') {
          const item = { name: items.length };
          items.push(item);
          list.add(item);
          expected.push(item.name);
        } else {
          const item = items[step];
          if (!item) continue;
          expect(list.delete(item)).toBe(expected.includes(step));
          expected = expected.filter((name) => name !== step);
        }
        expect(names(list)).toEqual(expected);
        expect(list.first?.name).toBe(expected[0]);
        expect(list.size).toBe(expected.length);
      }
    }),
  );
});

test('an item deleted from a LinkedList refers to no other, and may be added again at the end', () => {
  const list = new LinkedList<Item>();
  const [one, two, three]: [Item, Item, Item] = [{ name: 1 }, { name: 2 }, { name: 3 }];
  for (const item of [one, two, three]) list.add(item);
  list.delete(two);
  expect(two).toEqual({ name: 2, previous: undefined, next: undefined, isListed: false });
  list.add(two);
  expect(names(list)).toEqual([1, 3, 2]);
});
