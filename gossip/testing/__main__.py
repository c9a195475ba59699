"""`python -m gossip.testing`."""

import sys

from gossip.testing.command import main
from gossip.testing.runs import be_quiet

if __name__ == "__main__":
    be_quiet()
    sys.exit(main())
