// Dark or light before anything is drawn: this is no module, and stands in the head.
{
  let kept = null;
  try {
    kept = localStorage.getItem("theme");
  } catch {
    // A browser that keeps nothing: what the system says holds.
  }
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
}
