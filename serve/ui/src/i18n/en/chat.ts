export const chat = {
  title: "Ask your documents",
  placeholder: "Ask about your documents",
  question: "Question",
  send: "Send",
  stop: "Stop",
  searching: "Searching…",
  writing: "Writing…",
  ready: "Answer ready",
  privacy: "Answers come from your documents. Nothing leaves this machine.",
  empty: "No conversations yet",
  focusComposer: "Write a question",
};
