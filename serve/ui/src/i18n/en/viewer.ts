export const viewer = {
  title: "Source",
};
