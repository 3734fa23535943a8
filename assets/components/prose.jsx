// Markdown without raw HTML.
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";

// Pictures are left out: fetching one would tell its host what the model wrote.
const Prose = ({ text }) => (
  <div className="prose">
    <Markdown remarkPlugins={[remarkGfm]} disallowedElements={["img"]}>{text}</Markdown>
  </div>
);

export default Prose;
