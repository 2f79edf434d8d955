import { useCollections } from "../documents/collections";

/** Whether the person manages a collection, administrator or not; undefined while nobody knows. */
export function useManages(): boolean | undefined {
  const { data } = useCollections();
  return data?.some((each) => each.role === "manager");
}
