import { useQuery } from "@tanstack/react-query";

/** Where the questions lie that the sample documents answer, once these are loaded. */
export const SAMPLE_QUESTIONS = ["sample questions"];

export function useSampleQuestions(): readonly string[] {
  const { data } = useQuery<string[]>({
    queryKey: SAMPLE_QUESTIONS,
    queryFn: () => [],
    staleTime: Infinity,
  });
  return data ?? [];
}
