mod directory;
mod sessions;
mod signing_in;

use super::*;
